// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AITokenMinter} from "../../../src/compute/AITokenMinter.sol";
import {IAIToken, IAITokenMinter} from "../../../src/interfaces/IAITokenMinter.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Test} from "../../support/Test.sol";

contract MinterConstructorTest is Test {
    function test_EveryAddressIsNeeded() public {
        for (uint256 missing = 0; missing < 5; ++missing) {
            address[5] memory modules = [address(1), address(2), address(3), address(4), address(5)];
            modules[missing] = address(0);
            vm.expectRevert(IAITokenMinter.ZeroAddress.selector);
            make(modules);
        }
        AITokenMinter minter = make([address(1), address(2), address(3), address(4), address(5)]);
        assertEq(address(minter.token()), address(1), "token");
        assertEq(address(minter.receipts()), address(2), "receipts");
        assertEq(address(minter.treasury()), address(3), "treasury");
        assertEq(address(minter.registry()), address(4), "registry");
        assertEq(address(minter.governor()), address(5), "governor");
    }

    function make(address[5] memory m) private returns (AITokenMinter) {
        return
            new AITokenMinter(
                IAIToken(m[0]), IUsageReceipts(m[1]), ISettlementTreasury(m[2]), IProviderRegistry(m[3]), IParamGovernor(m[4])
            );
    }
}
